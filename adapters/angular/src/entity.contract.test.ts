import '@angular/compiler';
import {
  createEnvironmentInjector,
  effect,
  provideZonelessChangeDetection,
  runInInjectionContext,
  signal,
  type ApplicationRef,
} from '@angular/core';
import { createApplication } from '@angular/platform-browser';
import { afterEach, beforeEach } from 'vitest';
import {
  adapterEntityContract,
  type Id,
  type Item,
} from '../../../core/test/contracts/adapter-entity-contract.js';
import { textOf } from '../../../core/test/contracts/adapter-harness.js';
import { injectEntity } from './index.js';

let application: ApplicationRef;
beforeEach(async () => {
  application = await createApplication({ providers: [provideZonelessChangeDetection()] });
});
afterEach(() => application.destroy());

adapterEntityContract('Angular', {
  show(firstSource, first, select = (row) => row) {
    const source = signal(firstSource);
    const id = signal<Id>(first);
    const element = document.createElement('div');
    const injector = createEnvironmentInjector([], application.injector);
    const row = runInInjectionContext(injector, () =>
      injectEntity<Item, unknown>(source, 'items', id, select),
    );
    element.textContent = textOf(row());
    runInInjectionContext(injector, () => effect(() => (element.textContent = textOf(row()))));
    return {
      element,
      switchTo(next, nextSource = firstSource) {
        id.set(next);
        source.set(nextSource);
      },
      unmount: () => injector.destroy(),
    };
  },
});
