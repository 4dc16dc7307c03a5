import type { Operation } from '../call/operation.ts';
import { auditSearch } from './access/audit-search.ts';
import { accessCheckApproval } from './access/check-approval.ts';
import { accessExplain } from './access/explain.ts';
import { healthCheck } from './access/health-check.ts';
import { runbooksGet } from './access/runbooks-get.ts';
import { accessWhoami } from './access/whoami.ts';
import { instancesGet } from './instances/get.ts';
import { instancesLaunch } from './instances/launch.ts';
import { instancesList } from './instances/list.ts';
import { instancesMetrics } from './instances/metrics.ts';
import { instancesRestart } from './instances/restart.ts';
import { instancesStart } from './instances/start.ts';
import { instancesStop } from './instances/stop.ts';
import { instancesTerminate } from './instances/terminate.ts';
import { secretsUse } from './secrets/use.ts';

/** The registry. A new tool is one file, one test and one line here; everything else is derived. */
export const operations: readonly Operation[] = [
  accessWhoami,
  accessExplain,
  accessCheckApproval,
  auditSearch,
  healthCheck,
  runbooksGet,
  instancesList,
  instancesGet,
  instancesStart,
  instancesStop,
  instancesRestart,
  instancesLaunch,
  instancesTerminate,
  instancesMetrics,
  secretsUse,
];
