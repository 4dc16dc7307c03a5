import { z } from 'zod';
import { defineOperation } from '../../call/operation.ts';
import { allDeployActions } from '../deploy-actions.ts';
import { appRef, appVersion, deployReport } from '../fields.ts';

export const deployApplication = defineOperation('deploy', {
  name: 'deploy_application',
  title: 'Deploy an application',
  description:
    'Brings a version into service and checks its health; if it fails, the version before serves again and the error says so. Replies running when it takes long: follow with deploy_status.',
  effect: 'write',
  retry: 'never',
  iam: [...allDeployActions],
  usesTargetSecrets: true,
  input: appRef.extend({
    version: appVersion,
    digest: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'expected the digest of deploy_plan')
      .max(64)
      .optional()
      .describe('of deploy_plan: deploy just those files'),
  }),
  output: deployReport,
  entity: 'Application',
  targets: ({ app, provider }) => [{ type: 'Application', app, provider }],
  run: ({ deploy }, [target], { version, digest }, call) => deploy.deploy(target, { version, digest }, call),
});
