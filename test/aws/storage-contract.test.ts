import { sandboxAws } from './harness.ts';
import { describeStorage, differences } from './storage-contract.ts';

describeStorage('the sandbox', async (options) => sandboxAws({}, options), differences.sandbox);
