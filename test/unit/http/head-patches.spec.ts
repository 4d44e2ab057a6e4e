import { describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { addHeadPatch, dropHeadPatches, makeHeadPatches } from '../../../lib/http/head-patches.js';

function patched(count: number): { readonly response: ServerResponse; readonly made: string[] } {
  const response = {} as ServerResponse;
  const made: string[] = [];
  for (let index = 0; index < count; index += 1) {
    addHeadPatch(response, (status) => made.push(`${index} at ${status}`));
  }
  return { response, made };
}

describe('changes of a head', () => {
  it('are made in their order, once, when the status is known', () => {
    const { response, made } = patched(2);

    makeHeadPatches(response, 201);
    makeHeadPatches(response, 500);

    expect(made).toEqual(['0 at 201', '1 at 201']);
  });

  it('are those of one response only', () => {
    const { made } = patched(1);

    makeHeadPatches({} as ServerResponse, 200);

    expect(made).toEqual([]);
  });

  it('are not made once they were dropped', () => {
    const { response, made } = patched(1);

    dropHeadPatches(response);
    makeHeadPatches(response, 200);

    expect(made).toEqual([]);
  });
});
