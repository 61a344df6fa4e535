import { useId, type ReactNode } from 'react';
import './panel.css';

/** A titled section of the page. `area` is its place in the layout, `note` stands small beside the title. */
export function Panel(props: {
  area: string;
  title: string;
  note?: ReactNode;
  stale?: boolean;
  children: ReactNode;
}): ReactNode {
  const title = useId();
  return (
    <section
      className="panel"
      style={{ gridArea: props.area }}
      aria-labelledby={title}
      data-stale={props.stale ?? false}
    >
      <header className="panel-head">
        <h2 id={title}>{props.title}</h2>
        {props.note !== undefined && <p className="panel-note">{props.note}</p>}
      </header>
      {props.children}
    </section>
  );
}
