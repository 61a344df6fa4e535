/** `#development` in production: nothing. Each function is empty, so that bundlers drop its calls. */
/* eslint-disable @typescript-eslint/no-unused-vars -- the parameters make each one callable like its counterpart */
type Any = readonly unknown[];

export const EXPLAINED = false;

export function advise(..._: Any): void {}
export function checkCall(..._: Any): void {}
export function checkConnect(..._: Any): void {}
export function checkConnection(..._: Any): void {}
export function checkEmit(..._: Any): void {}
export function checkEndpoint(..._: Any): void {}
export function checkEntity(..._: Any): void {}
export function checkInitial(..._: Any): void {}
export function checkListener(..._: Any): void {}
export function checkSource(..._: Any): void {}
export function freezeAll(..._: Any): void {}
export function freezeNews(..._: Any): void {}
export function freezeValue(..._: Any): void {}
export function noteFreshSelection(..._: Any): void {}
export function noteReason(..._: Any): void {}
export function noteSharedOptions(..._: Any): void {}
export function noteStream(..._: Any): void {}
export function probeStream(..._: Any): void {}
