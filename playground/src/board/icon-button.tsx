import type { ReactNode } from 'react';

/** Drawn in a box of 16 by 16. */
const PATHS = {
  left: 'M9.5 4 5.5 8l4 4',
  right: 'M6.5 4l4 4-4 4',
  edit: 'M3.5 12.5l.6-2.7 6.4-6.4 2.1 2.1-6.4 6.4z',
  delete: 'M4.5 4.5l7 7m0-7-7 7',
};

/** A small button without words; `label` names its action for screen readers and as a tooltip. */
export function IconButton(props: {
  icon: keyof typeof PATHS;
  label: string;
  disabled?: boolean;
  onClick: () => void;
}): ReactNode {
  const { icon, label, disabled, onClick } = props;
  return (
    <button
      type="button"
      className="icon-button"
      data-icon={icon}
      aria-label={label}
      title={label}
      disabled={disabled}
      onClick={onClick}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={PATHS[icon]} />
      </svg>
    </button>
  );
}
