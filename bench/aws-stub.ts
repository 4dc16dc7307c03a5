/** What the stand-in for AWS (`servers/aws.ts`) has and says. */
export const fleetSize = 10_000;
export const bucketSize = 100_000;

export interface AwsStub {
  readonly port: number;
  /** Log events that it was given. */
  readonly eventsTaken: number;
}
