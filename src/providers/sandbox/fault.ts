/** What a service of the sandbox answers, by the SDK's command name; inputs are the SDK's, outputs without `$metadata`. */
export type Answers = Readonly<Record<string, (region: string, input: never) => object>>;

/** An error as the SDK would make it of a service's reply, so that retries and error mapping treat it like one. */
export class ServiceFault extends Error {
  readonly $fault: 'client' | 'server';
  readonly $metadata: { httpStatusCode: number; requestId?: string };

  constructor(code: string, message: string, httpStatusCode = 400) {
    super(message);
    this.name = code;
    this.$fault = httpStatusCode < 500 ? 'client' : 'server';
    this.$metadata = { httpStatusCode };
  }
}

export function notInSandbox(what: string): ServiceFault {
  return new ServiceFault('NotInSandbox', `The sandbox does not have ${what}.`);
}
