import type { Worker } from 'node:cluster';

/** The signals that stop the primary process and its workers. */
export const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/** The message by which the primary process stops a worker. */
interface StopOrder {
  readonly veloxStop: StopSignal;
}

/** Stops a worker, as if it had received a signal. */
export function orderStop(worker: Worker, veloxStop: StopSignal): void {
  const order: StopOrder = { veloxStop };
  const failed = (): void => void worker.process.kill(veloxStop);
  if (worker.isConnected()) worker.send(order, (error: Error | null) => error && failed());
  else failed();
}

/** In a worker: gives itself the signal of a stop order, unless its process group got a signal before. */
export function obeyStopOrders(): void {
  let isReceived = false;
  for (const signal of STOP_SIGNALS) noteSignal(signal, () => (isReceived = true));
  process.on('message', (message: Partial<StopOrder> | null) => {
    const signal = STOP_SIGNALS.find((each) => each === message?.veloxStop);
    if (signal && !isReceived) process.kill(process.pid, signal);
  });
}

/** Calls back when the process receives a signal that the application listens to. Without such a listener, it has its default effect. */
function noteSignal(signal: StopSignal, callback: () => void): void {
  process.on('newListener', (event, listener) => {
    const isNoted = process.listeners(signal).includes(callback);
    if (event === signal && listener !== callback && !isNoted) process.prependListener(signal, callback);
  });
  process.on('removeListener', (event) => {
    const [only, ...others] = process.listeners(signal);
    if (event === signal && only === callback && others.length === 0) process.off(signal, callback);
  });
}
