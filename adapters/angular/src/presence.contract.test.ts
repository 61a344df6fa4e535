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
import { afterEach, beforeEach, inject } from 'vitest';
import {
  adapterPresenceContract,
  adapterPresenceServerContract,
  type PresenceHarness,
} from '../../../core/test/contracts/adapter-presence-contract.js';
import { injectPresence } from './index.js';

let application: ApplicationRef;
beforeEach(async () => {
  application = await createApplication({ providers: [provideZonelessChangeDetection()] });
});
afterEach(() => application.destroy());

const harness: PresenceHarness = {
  enter(source, first, initial, onShown) {
    const room = signal(first);
    const injector = createEnvironmentInjector([], application.injector);
    const [others, set] = runInInjectionContext(injector, () => injectPresence(source, room, initial));
    runInInjectionContext(injector, () => effect(() => onShown(others())));
    return { set, switchTo: (next) => room.set(next), unmount: () => injector.destroy() };
  },
};

adapterPresenceContract('Angular', harness);
adapterPresenceServerContract('Angular', harness, inject('syncServer'));
