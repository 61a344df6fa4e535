import { describe, expectTypeOf, it } from 'vitest';
import type { DeepReadonly, Jsonify, Replicated } from './json.js';

class Price {
  readonly cents: number = 1;
  total(): number {
    return this.cents;
  }
}

interface Row {
  id: number;
  name?: string;
  at: Date;
  tags: string[];
  pair: [number, Date];
  price: Price;
  note: string | null | undefined;
  $local: number;
  on: () => void;
  anything: unknown;
}

describe('the types of JSON values', () => {
  it('Jsonify turns dates into texts and drops functions and private members', () => {
    expectTypeOf<Jsonify<Row>>().toEqualTypeOf<{
      id: number;
      name?: string | undefined;
      at: string;
      tags: string[];
      pair: [number, string];
      price: { readonly cents: number };
      note: string | null | undefined;
      anything: unknown;
    }>();
  });

  it('Jsonify keeps JSON types, any and unknown', () => {
    expectTypeOf<Jsonify<{ a: 1; b: 'x' | null }>>().toEqualTypeOf<{ a: 1; b: 'x' | null }>();
    expectTypeOf<Jsonify<unknown>>().toEqualTypeOf<unknown>();
    expectTypeOf<Jsonify<never>>().toEqualTypeOf<never>();
    expectTypeOf<Jsonify<Jsonify<Row>>>().toEqualTypeOf<Jsonify<Row>>();
    expectTypeOf<Jsonify<Record<string, Date>>>().toEqualTypeOf<{ [x: string]: string }>();
  });

  it('DeepReadonly reaches every depth', () => {
    type Board = { rows: { tags: string[] }[] };
    expectTypeOf<DeepReadonly<Board>>().toEqualTypeOf<{
      readonly rows: readonly { readonly tags: readonly string[] }[];
    }>();
    expectTypeOf<DeepReadonly<string>>().toEqualTypeOf<string>();
    expectTypeOf<Replicated<{ at: Date }>>().toEqualTypeOf<{ readonly at: string }>();
  });
});
