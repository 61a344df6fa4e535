import { Cast as OriginalCast } from '../../../src/messaging/cast.js';
export * from '../../../src/messaging/cast.js';

/** A member of several rooms receives an event to them once for each room. */
export class Cast extends OriginalCast {
  override to(rooms: string | readonly string[]): OriginalCast {
    const each = [rooms].flat().map((room) => super.to(room));
    const all = super.to(rooms);
    all.recipients = () => each.flatMap((cast) => OriginalCast.prototype.recipients.call(cast));
    return all;
  }
}
