import type { ArtifactStore, DeployDriver, Ec2TargetSpec, LambdaTargetSpec, StaticSiteTargetSpec } from '../../../ports/deploy.ts';
import type { AwsContext } from '../context.ts';
import { createArtifactStore } from './artifact-store.ts';
import { createEc2Driver } from './ec2.ts';
import { createLambdaDriver } from './lambda.ts';
import { createStaticSiteDriver } from './static-site.ts';

/** Where deployments go at AWS, by the kind of target. */
export interface AwsDeployDrivers {
  readonly ec2: DeployDriver<Ec2TargetSpec>;
  readonly 'static-site': DeployDriver<StaticSiteTargetSpec>;
  readonly lambda: DeployDriver<LambdaTargetSpec>;
}

export function createDeployDrivers(context: AwsContext): { readonly drivers: AwsDeployDrivers; readonly artifacts: ArtifactStore } {
  return {
    drivers: { ec2: createEc2Driver(context), 'static-site': createStaticSiteDriver(context), lambda: createLambdaDriver(context) },
    artifacts: createArtifactStore(context),
  };
}
