import { createRandom, type Random } from '../../src/testing/random.js';
import { FORMS, type Form } from './links.js';
import { ROLES, type Role } from './truth.js';

/** One step. Those about clients name them by their place. */
export type Step =
  /** Writes to the state so many times in one tick; everything random in it comes from its own seed. Small: it only replaces secrets. */
  | { readonly does: 'write'; readonly times: number; readonly seed: number; readonly isSmall?: boolean }
  /** The role of a client changes, and the server is asked: by a token of the client, or by the application. */
  | {
      readonly does: 'promote' | 'assign';
      readonly client: number;
      readonly role: Role;
      readonly writes: boolean;
    }
  /** A client opens another link: with its session and position, or without. */
  | {
      readonly does: 'reconnect';
      readonly client: number;
      readonly form: Form;
      readonly isFresh: boolean;
      readonly role: Role | undefined;
    }
  /** A client comes back as another user, with all that another client knows. */
  | {
      readonly does: 'impersonate';
      readonly client: number;
      readonly of: number;
      readonly form: Form;
      readonly role: Role;
    }
  /** A client subscribes again from the position of another. */
  | { readonly does: 'borrow'; readonly client: number; readonly of: number }
  /** A client that has a role again subscribes from the position that it had when it lost the role. */
  | { readonly does: 'replay'; readonly client: number }
  /** Reads the value as JSON with an ETag of another client. */
  | { readonly does: 'read'; readonly client: number; readonly of: number }
  /** The view fails for a role, or for none. */
  | { readonly does: 'break'; readonly role: Role | undefined }
  /** Time passes, so that compression may begin a new run. */
  | { readonly does: 'wait' }
  /** Copies are checked by hash. */
  | { readonly does: 'beat' };

/** A run, in full. */
export interface Plan {
  readonly seed: number;
  readonly settings: {
    readonly clients: readonly { readonly form: Form; readonly role: Role }[];
    /** How long the notes of rows are, so that frames are compressed. */
    readonly padding: number;
    readonly revisions: number;
    /** Whether the view shows rows of others without their secret. */
    readonly isRedacted: boolean;
  };
  readonly steps: readonly Step[];
}

export function createPlan(seed: number): Plan {
  const random = createRandom(seed);
  const { between, chance, pick } = random;
  const isCrowd = chance(0.3);
  const clients = Array.from({ length: isCrowd ? between(18, 24) : between(2, 8) }, () => ({
    form: isCrowd && chance(0.9) ? ('deflate' as const) : pick(FORMS),
    role: isCrowd ? pick(ROLES.slice(0, 2)) : pick(ROLES),
  }));
  const settings = {
    clients,
    padding: pick([0, 0, 400]),
    revisions: pick([2, 1_000]),
    isRedacted: chance(0.5),
  };
  const steps = Array.from({ length: between(10, 40) }, () => draw(random, clients.length)).flatMap(
    (step) => {
      // Some roles are given back, to a client that has kept its position.
      if (step.does !== 'promote' || !chance(0.3)) return [step];
      const { client } = step;
      const role = pick(ROLES);
      const writes = Array.from({ length: between(2, 8) }, () => between(0, 1e9));
      return [
        { ...step, role },
        step,
        ...writes.map((seed) => ({ does: 'write' as const, times: 1, seed, isSmall: true })),
        { ...step, role },
        { does: 'replay' as const, client },
      ];
    },
  );
  return { seed, settings, steps };
}

function draw({ between, chance, pick }: Random, clients: number): Step {
  const client = between(0, clients - 1);
  const of = between(0, clients - 1);
  const kind = between(1, 100);
  if (kind <= 40) return { does: 'write', times: chance(0.2) ? between(2, 5) : 1, seed: between(0, 1e9) };
  if (kind <= 60)
    return { does: pick(['promote', 'assign']), client, role: pick(ROLES), writes: chance(0.3) };
  const form = pick(FORMS);
  if (kind <= 72)
    return {
      does: 'reconnect',
      client,
      form,
      isFresh: chance(0.3),
      role: chance(0.3) ? pick(ROLES) : undefined,
    };
  if (kind <= 80) return { does: 'impersonate', client, of, form, role: pick(ROLES) };
  if (kind <= 85) return { does: 'borrow', client, of };
  if (kind <= 87) return { does: 'replay', client };
  if (kind <= 90) return { does: 'read', client, of };
  if (kind <= 93) return { does: 'break', role: chance(0.5) ? pick(ROLES) : undefined };
  return { does: kind <= 97 ? 'wait' : 'beat' };
}
