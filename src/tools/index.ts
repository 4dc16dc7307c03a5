import type { Operation } from '../call/operation.ts';
import { auditSearch } from './access/audit-search.ts';
import { accessCheckApproval } from './access/check-approval.ts';
import { accessExplain } from './access/explain.ts';
import { healthCheck } from './access/health-check.ts';
import { runbooksGet } from './access/runbooks-get.ts';
import { accessWhoami } from './access/whoami.ts';
import { costsBreakdown } from './costs/breakdown.ts';
import { costsCurrent } from './costs/current.ts';
import { costsForecast } from './costs/forecast.ts';
import { costsListAlerts } from './costs/list-alerts.ts';
import { costsMonth } from './costs/month.ts';
import { costsNotify } from './costs/notify.ts';
import { costsRecord } from './costs/record.ts';
import { costsReport } from './costs/report.ts';
import { costsSendReport } from './costs/send-report.ts';
import { costsSetAlert } from './costs/set-alert.ts';
import { deployApplication } from './deploy/application.ts';
import { deployList } from './deploy/list.ts';
import { deployPlan } from './deploy/plan.ts';
import { deployRollback } from './deploy/rollback.ts';
import { deployStatus } from './deploy/status.ts';
import { dnsDeleteRecords } from './dns/delete-records.ts';
import { dnsListRecords } from './dns/list-records.ts';
import { dnsListSnapshots } from './dns/list-snapshots.ts';
import { dnsRestoreSnapshot } from './dns/restore-snapshot.ts';
import { dnsUpsertRecords } from './dns/upsert-records.ts';
import { functionsGet } from './functions/get.ts';
import { functionsInvoke } from './functions/invoke.ts';
import { functionsList } from './functions/list.ts';
import { instancesGet } from './instances/get.ts';
import { instancesLaunch } from './instances/launch.ts';
import { instancesList } from './instances/list.ts';
import { instancesMetrics } from './instances/metrics.ts';
import { instancesRestart } from './instances/restart.ts';
import { instancesStart } from './instances/start.ts';
import { instancesStop } from './instances/stop.ts';
import { instancesTerminate } from './instances/terminate.ts';
import { monitoringDeleteAlarm } from './monitoring/delete-alarm.ts';
import { monitoringGetMetrics } from './monitoring/get-metrics.ts';
import { monitoringListAlarms } from './monitoring/list-alarms.ts';
import { logsQuery } from './monitoring/logs-query.ts';
import { monitoringPutAlarm } from './monitoring/put-alarm.ts';
import { monitoringPutDashboard } from './monitoring/put-dashboard.ts';
import { secretsCreate } from './secrets/create.ts';
import { secretsDelete } from './secrets/delete.ts';
import { secretsDescribe } from './secrets/describe.ts';
import { secretsList } from './secrets/list.ts';
import { secretsRestore } from './secrets/restore.ts';
import { secretsUpdate } from './secrets/update.ts';
import { secretsUse } from './secrets/use.ts';
import { securityEnableFlowLogs } from './security/enable-flow-logs.ts';
import { securityEnableTrail } from './security/enable-trail.ts';
import { securityReviewAccount } from './security/review-account.ts';
import { securityReviewNetwork } from './security/review-network.ts';
import { storageDeleteObject } from './storage/delete-object.ts';
import { storageGetObject } from './storage/get-object.ts';
import { storageListBuckets } from './storage/list-buckets.ts';
import { storageListObjects } from './storage/list-objects.ts';
import { storagePutObject } from './storage/put-object.ts';
import { storageShareObject } from './storage/share-object.ts';
import { vpsCreateSnapshot } from './vps/create-snapshot.ts';
import { vpsListSnapshots } from './vps/list-snapshots.ts';
import { vpsReadFile } from './vps/read-file.ts';
import { vpsRestoreSnapshot } from './vps/restore-snapshot.ts';
import { vpsRunCommand } from './vps/run-command.ts';
import { vpsService } from './vps/service.ts';

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
  storageListBuckets,
  storageListObjects,
  storageGetObject,
  storagePutObject,
  storageDeleteObject,
  storageShareObject,
  functionsList,
  functionsGet,
  functionsInvoke,
  secretsList,
  secretsDescribe,
  secretsCreate,
  secretsUpdate,
  secretsDelete,
  secretsRestore,
  secretsUse,
  monitoringListAlarms,
  monitoringPutAlarm,
  monitoringDeleteAlarm,
  monitoringPutDashboard,
  monitoringGetMetrics,
  logsQuery,
  securityReviewNetwork,
  securityReviewAccount,
  securityEnableTrail,
  securityEnableFlowLogs,
  costsCurrent,
  costsForecast,
  costsSetAlert,
  costsListAlerts,
  costsNotify,
  costsMonth,
  costsBreakdown,
  costsRecord,
  costsSendReport,
  costsReport,
  dnsListRecords,
  dnsUpsertRecords,
  dnsDeleteRecords,
  dnsListSnapshots,
  dnsRestoreSnapshot,
  vpsRunCommand,
  vpsReadFile,
  vpsService,
  vpsListSnapshots,
  vpsCreateSnapshot,
  vpsRestoreSnapshot,
  deployPlan,
  deployApplication,
  deployRollback,
  deployStatus,
  deployList,
];
