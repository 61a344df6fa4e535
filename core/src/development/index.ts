/** `#development`: checks and advice for developers. Production bundles get {@link file://./production.ts} in its place. */
export { advise } from './advise.js';
export { EXPLAINED } from './explained.js';
export { freezeAll, freezeNews, freezeValue } from './freeze.js';
export { noteFreshSelection } from './fresh-selection.js';
export { noteSharedOptions } from './shared-options.js';
export {
  checkCall,
  checkConnect,
  checkConnection,
  checkEmit,
  checkEndpoint,
  checkEntity,
  checkInitial,
  checkListener,
  checkSource,
} from './options.js';
export { noteReason } from './reason.js';
export { noteStream } from './streams.js';
export { probeStream } from './probe.js';
