import { describeCompute, differences } from './compute-contract.ts';
import { sandboxAws } from './harness.ts';

describeCompute('the sandbox', async () => sandboxAws(), differences.sandbox);
