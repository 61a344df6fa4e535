import '@angular/compiler';
import {
  Component,
  computed,
  createComponent,
  createEnvironmentInjector,
  ErrorHandler,
  provideZonelessChangeDetection,
  runInInjectionContext,
  signal,
  type ApplicationRef,
} from '@angular/core';
import { createApplication } from '@angular/platform-browser';
import { afterEach, beforeEach, inject } from 'vitest';
import { adapterContract } from '../../../core/test/contracts/adapter-contract.js';
import {
  adapterEventContract,
  type EventHarness,
} from '../../../core/test/contracts/adapter-event-contract.js';
import { textOf, type AdapterHarness, type View } from '../../../core/test/contracts/adapter-harness.js';
import {
  adapterEventServerContract,
  adapterServerContract,
} from '../../../core/test/contracts/adapter-server-contract.js';
import { injectVelox, injectVeloxEvent, injectVeloxStatus } from './index.js';

let application: ApplicationRef;
const errors = new Set<(error: unknown) => void>();
beforeEach(async () => {
  application = await createApplication({
    providers: [
      provideZonelessChangeDetection(),
      {
        provide: ErrorHandler,
        useValue: { handleError: (error: unknown) => errors.forEach((hear) => hear(error)) },
      },
    ],
  });
});
afterEach(() => application.destroy());

/** The source that the next component shows. */
let view: View;

const Shown = Component({ template: '{{ text() }}' })(
  class {
    readonly #view = view;
    readonly source = signal(view.source);
    readonly #shown = view.status
      ? injectVeloxStatus(this.source)
      : injectVelox(this.source, view.select ?? ((value) => value), view.equal);
    readonly text = computed(() => {
      this.#view.onRender?.(this.#shown());
      return textOf(this.#shown());
    });
  },
);

const harness: AdapterHarness = {
  isolates: false,
  mount(next) {
    view = next;
    const { onError } = view;
    const component = createComponent(Shown, { environmentInjector: application.injector });
    const element = component.location.nativeElement as Element;
    if (onError) errors.add(onError);
    document.body.append(element);
    application.attachView(component.hostView);
    return {
      element,
      switchTo: (source) => component.instance.source.set(source),
      unmount() {
        component.destroy();
        element.remove();
        if (onError) errors.delete(onError);
      },
    };
  },
};

adapterContract('Angular', harness);

const events: EventHarness = {
  hear(first, onNotice) {
    const source = signal(first);
    const injector = createEnvironmentInjector([], application.injector);
    runInInjectionContext(injector, () => injectVeloxEvent(() => source(), 'notice', onNotice));
    return { switchTo: (next) => source.set(next), unmount: () => injector.destroy() };
  },
};

adapterEventContract('Angular', events);
adapterEventServerContract('Angular', events, inject('syncServer'));
adapterServerContract('Angular', harness, inject('syncServer'));
