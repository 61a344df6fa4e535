export { createVelox, type VeloxComposables } from './create-velox.js';
export { useEntity } from './use-entity.js';
export { usePresence } from './use-presence.js';
export { useVeloxEvent } from './use-velox-event.js';
export { useVelox, useVeloxStatus, type VeloxRef } from './use-velox.js';
export { shallow } from '@velox/core';
