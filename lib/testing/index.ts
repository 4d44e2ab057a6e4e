export type { BackendFeature } from './backend-case.js';
export { backendContract } from './backend-contract.js';
export type { BackendContractOptions } from './backend-contract.js';
export type { CacheContractSettings, CacheFeature } from './cache-case.js';
export { cacheContract } from './cache-contract.js';
export type { CacheContractOptions } from './cache-contract.js';
export type { ContractCase, ContractOptions } from './contract-case.js';
export { fakeClock } from './fake-clock.js';
export type { FakeClock } from './fake-clock.js';
