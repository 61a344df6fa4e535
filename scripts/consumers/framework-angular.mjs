import './page.mjs';
import '@angular/compiler';
import * as core from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import { injectVelox } from '@velox/angular';
import { serve, until } from './serve.mjs';

const { state, url } = await serve();
class Title {
  board = injectVelox(url);
}
core.Component({
  selector: 'app-title',
  template: `<b>{{ board()?.title ?? 'Loading' }}</b>`,
  standalone: true,
})(Title);
document.body.append(document.createElement('app-title'));
const zoneless = core.provideZonelessChangeDetection ?? core.provideExperimentalZonelessChangeDetection;
const app = await bootstrapApplication(Title, { providers: [zoneless()] });
await until(() => document.body.textContent === 'One', 'the first value');
state.update((draft) => void (draft.title = 'Two'));
await until(() => document.body.textContent === 'Two', 'a change');
app.destroy();
console.log(`angular ${core.VERSION.full}`);
process.exit(0);
