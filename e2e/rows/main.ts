/** Many rows in the framework that the query names. */
import type { Mount, Row } from '../../playground/src/frameworks/list.js';

/** What tests find on the page. */
declare global {
  interface Window {
    /** Takes the list away, and shows it anew, so many times. */
    remount: (times: number) => Promise<void>;
    hide: () => void;
  }
}

const frameworks: Record<string, () => Promise<{ mount: Mount }>> = {
  react: () => import('../../playground/src/frameworks/react.js'),
  vue: () => import('../../playground/src/frameworks/vue.js'),
  svelte: () => import('../../playground/src/frameworks/svelte.js'),
  angular: () => import('../../playground/src/frameworks/angular.js'),
  angularjs: () => import('../../playground/src/frameworks/angularjs.js'),
};

interface Rows {
  readonly rows: readonly Row[];
}

const none: readonly Row[] = [];
const load = frameworks[new URLSearchParams(location.search).get('framework') ?? ''];
const target = document.getElementById('app');
if (load && target) {
  const { mount } = await load();
  const show = (): (() => void) =>
    mount<Rows>(target, { source: '/sync', select: (value) => value?.rows ?? none });
  let hide = show();
  const isShown = (): boolean => !!document.querySelector('li');
  Object.assign(window, {
    hide: () => hide(),
    async remount(times: number) {
      for (let i = 0; i < times; i++) {
        hide();
        while (isShown()) await turn();
        hide = show();
        while (!isShown()) await turn();
      }
    },
  });
}

/** A turn of the event loop. */
function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
