/** A thousand rows in the framework that the query names. */
import { shared } from '@velox/core';
import type { Mount, Row } from '../../playground/src/frameworks/list.js';

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
  mount<Rows>(target, { source: '/sync', select: (value) => value?.rows ?? none });
  Object.assign(window, { replica: shared('/sync').replica() });
}
