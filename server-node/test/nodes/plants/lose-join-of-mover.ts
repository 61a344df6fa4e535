import { HubCalls as OriginalHubCalls } from '../../../src/messaging/hub-calls.js';
export * from '../../../src/messaging/hub-calls.js';

/** A client that moves before the application has allowed a room does not join it. */
export class HubCalls extends OriginalHubCalls {
  override enter(): undefined {
    return undefined;
  }
}
