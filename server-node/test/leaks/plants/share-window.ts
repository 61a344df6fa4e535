import {
  Place,
  SharedWindow as OriginalWindow,
  type WindowMessage,
} from '../../../src/wire/shared-window.js';
export * from '../../../src/wire/shared-window.js';

const window = new OriginalWindow();
const place = new Place();

/** All audiences share one window, and so refer to each other's texts. */
export class SharedWindow extends OriginalWindow {
  override frame(message: WindowMessage): Buffer | undefined {
    return window.frame(message, place);
  }
}
