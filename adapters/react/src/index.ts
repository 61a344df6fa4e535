'use client';

export { createVelox, type VeloxHooks } from './create-velox.js';
export { useEntity, useSuspenseEntity, type ProvidedEntitySource } from './use-entity.js';
export { VeloxProvider, type ProvidedSource, type VeloxDefaults } from './provider.js';
export { usePresence } from './use-presence.js';
export { useVeloxEvent } from './use-velox-event.js';
export { useSuspenseVelox, useVelox, useVeloxStatus } from './use-velox.js';
export { useSync, type ProvidedSync } from './use-sync.js';
export { shallow } from '@velox/core';
