import { shared } from '@velox/core';
import type { ReactNode } from 'react';
import { Footer } from '../footer.js';
import { Header } from '../header.js';
import { Panel } from '../panel.js';
import { MACHINE } from '../source.js';
import { Endpoint } from '../wire/endpoint.js';
import { watchTraffic } from '../wire/traffic.js';
import '../wire/wire-panel.css';
import { Framework } from './framework.js';

const traffic = watchTraffic(shared(MACHINE.url, MACHINE));

/** One state of the server in five frameworks, and the one connection that feeds them all. */
export function Page(): ReactNode {
  return (
    <>
      <Header />
      <main className="frameworks">
        <p className="frameworks-lead">
          The busiest processes of this server, in five frameworks: each card is a component of its own
          framework, and all of them follow one state over one connection.
        </p>
        <Framework name="React" code="useVelox('/machine', top)" load={() => import('./react.js')} />
        <Framework name="Vue" code="useVelox('/machine', top)" load={() => import('./vue.js')} />
        <Framework name="Svelte" code="velox('/machine', top)" load={() => import('./svelte.js')} />
        <Framework name="Angular" code="injectVelox('/machine', top)" load={() => import('./angular.js')} />
        <Framework
          name="AngularJS"
          code="$velox.bind($scope, '/machine', 'rows', top)"
          load={() => import('./angularjs.js')}
        />
        <Panel area="wire" title="On the wire" note="Uncompressed, once for all">
          <Endpoint source={MACHINE} traffic={traffic} />
        </Panel>
      </main>
      <Footer />
    </>
  );
}
