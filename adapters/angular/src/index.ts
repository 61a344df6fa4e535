export { createVelox, type VeloxFunctions } from './create-velox.js';
export { injectEntity } from './inject-entity.js';
export { injectPresence } from './inject-presence.js';
export { injectVeloxEvent } from './inject-velox-event.js';
export { injectVelox, injectVeloxStatus } from './inject-velox.js';
export { shallow } from '@velox/core';
