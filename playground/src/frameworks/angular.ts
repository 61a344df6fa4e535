// The compiler comes first: this page has none of Angular's build tools.
import '@angular/compiler';
import { Component, inject, InjectionToken, provideZonelessChangeDetection } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { injectVelox } from '@velox/angular';
import { formatShare, type ListProps, type Mount } from './list.js';

const PROPS = new InjectionToken<ListProps<unknown>>('what the list shows');

class ListComponent {
  readonly #props = inject(PROPS);
  readonly rows = injectVelox(this.#props.source, this.#props.select, this.#props.equal);
  readonly formatShare = formatShare;
}

const List = Component({
  selector: 'velox-list',
  template: `
    <ol class="list">
      @for (row of rows(); track row.id) {
        <li>
          <span class="list-name">{{ row.name }}</span>
          <span class="list-share">{{ formatShare(row.cpu) }}</span>
        </li>
      }
    </ol>
  `,
})(ListComponent);

export const mount: Mount = (target, props) => {
  target.append(document.createElement('velox-list'));
  const providers = [provideZonelessChangeDetection(), { provide: PROPS, useValue: props }];
  const application = bootstrapApplication(List, { providers });
  return () => void application.then((each) => each.destroy());
};
