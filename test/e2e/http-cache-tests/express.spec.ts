import { describe, jest } from '@jest/globals';
import { suiteCases } from './suite-cases.js';

jest.setTimeout(120_000);

describe('The HTTP cache tests on Express', () => {
  suiteCases('express');
});
