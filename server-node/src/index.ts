export * from './api.js';
export * as default from './api.js';
