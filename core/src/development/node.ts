/** `#development` in Node, which has no condition for it: NODE_ENV decides, `development` or `test`. Errors are always explained. */
import * as development from './index.js';
import * as production from './production.js';

type Environment = { readonly process?: { readonly env: Readonly<Record<string, string | undefined>> } };

const mode = (globalThis as Environment).process?.env.NODE_ENV;
const chosen: typeof development = mode === 'development' || mode === 'test' ? development : production;

export const advise: typeof development.advise = chosen.advise;
export const checkCall: typeof development.checkCall = chosen.checkCall;
export const checkConnect: typeof development.checkConnect = chosen.checkConnect;
export const checkConnection: typeof development.checkConnection = chosen.checkConnection;
export const checkEmit: typeof development.checkEmit = chosen.checkEmit;
export const checkEndpoint: typeof development.checkEndpoint = chosen.checkEndpoint;
export const checkEntity: typeof development.checkEntity = chosen.checkEntity;
export const checkInitial: typeof development.checkInitial = chosen.checkInitial;
export const checkListener: typeof development.checkListener = chosen.checkListener;
export const checkSource: typeof development.checkSource = chosen.checkSource;
export const EXPLAINED: boolean = development.EXPLAINED;
export const freezeAll: typeof development.freezeAll = chosen.freezeAll;
export const freezeNews: typeof development.freezeNews = chosen.freezeNews;
export const freezeValue: typeof development.freezeValue = chosen.freezeValue;
export const noteFreshSelection: typeof development.noteFreshSelection = chosen.noteFreshSelection;
export const noteReason: typeof development.noteReason = chosen.noteReason;
export const noteSharedOptions: typeof development.noteSharedOptions = chosen.noteSharedOptions;
export const noteStream: typeof development.noteStream = chosen.noteStream;
export const probeStream: typeof development.probeStream = chosen.probeStream;
