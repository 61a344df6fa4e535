export { createVelox, type VeloxFunctions } from './create-velox.js';
export type { Live } from './from-readable.js';
export { velox, veloxStatus } from './velox.js';
export { veloxEntity } from './velox-entity.js';
export { veloxPresence } from './velox-presence.js';
export { veloxEvent } from './velox-event.js';
export { shallow } from '@velox/core';
