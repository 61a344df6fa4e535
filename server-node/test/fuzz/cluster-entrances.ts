/** Attacks by what a node hears from its cluster: messages of the bus, and revisions and snapshots of the log. */
import type { Revision } from '../../src/cluster/log.js';
import type { Random } from '../../src/testing/random.js';
import { LETTERS, PATCHES } from './corpus.js';
import { mutated, withOddMember } from './generate.js';
import type { Target } from './target.js';
import type { Note } from './write.js';

/** A text that another program, another version or a broken engine sends. */
function letter(random: Random, node: string): string {
  const text = random.pick(LETTERS).replaceAll('NODE', random.chance(0.3) ? node : 'abcdefgh');
  const kind = random.between(0, 9);
  if (kind < 5) return ` ${JSON.stringify(withOddMember(random, JSON.parse(text)))}`;
  if (kind < 7) return ` ${mutated(random, text)}`;
  if (kind < 8) return ` ${text}`;
  const count = random.pick(['1', '2', '3', '0', '-1', '1e9', '999999999999', 'x']);
  const part = `${random.pick(['p1', 'p2', '__proto__', ''])} ${random.pick(['0', '1', '2', '-1'])} ${count} ${text}`;
  return kind < 9
    ? part
    : random.pick(['', ' ', ' null', ' 7', ' "x"', ' []', ' {}', '\0', mutated(random, part)]);
}

export async function bus(target: Target, random: Random, note: Note): Promise<void> {
  const { cluster } = target;
  for (let count = random.between(1, 6); count > 0; count--) {
    const subject = random.pick(cluster.subjects);
    const text = letter(random, cluster.node);
    note(`${subject}: ${text}`);
    await cluster.backplane.bus.publish(subject, text);
  }
  await target.settle(random.chance(0.1) ? 7_000 : 1); // leases and questions end
}

function patch(random: Random): string {
  const text = random.pick(PATCHES);
  const kind = random.between(0, 9);
  if (kind < 4) return text;
  return kind < 7 ? JSON.stringify(withOddMember(random, JSON.parse(text))) : mutated(random, text);
}

export async function log(target: Target, random: Random, note: Note): Promise<void> {
  const { cluster, hub } = target;
  const snapshot = random.pick([
    '{"list":[1,2],"map":{"a":1}}',
    '7',
    'null',
    '[[]]',
    '{',
    '',
    '['.repeat(3_000),
  ]);
  note(`snapshot ${snapshot.slice(0, 100)}`);
  const topic = cluster.share(hub, random.chance(0.6) ? undefined : snapshot);
  await target.settle(1);
  for (let count = random.between(1, 6); count > 0; count--) {
    const [head] = await cluster.backplane.log.heads([topic]);
    const { id, version, token } = head ?? { id: 'x', version: 1, token: 'x' };
    const revision: Revision = {
      at: { id, version: version + random.between(-1, 2), token: `t${count}` },
      previous: token,
      tag: `t${count}`,
      patch: patch(random),
    };
    if (head && random.chance(0.4)) {
      note(`append ${revision.patch}`);
      await cluster.backplane.log.append(topic, head, [revision]);
    } else {
      const odd = random.chance(0.4) ? withOddMember(random, revision) : revision;
      note(`hear ${JSON.stringify(odd)}`);
      cluster.tell(topic, odd as Revision);
    }
    await target.settle(0);
  }
  cluster.unshare(hub, topic);
}
