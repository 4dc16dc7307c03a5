import { createHash, randomUUID } from 'node:crypto';
import type {
  AliasConfiguration,
  CreateAliasCommandInput,
  PublishVersionCommandInput,
  UpdateAliasCommandInput,
  UpdateFunctionCodeCommandInput,
  UpdateFunctionConfigurationCommandInput,
} from '@aws-sdk/client-lambda';
import { fileOfZip, isHealthyRelease } from './archives.ts';
import { ServiceFault } from './fault.ts';

export interface FunctionVersion {
  readonly number: string;
  readonly description?: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly environment: Readonly<Record<string, string>>;
  /** By its own `health.json`, if it was deployed. */
  readonly isHealthy: boolean;
}

/** Code, versions and aliases of one function: `$LATEST` is what changes, and what is published never does. */
export class FunctionVersions {
  latest: FunctionVersion & { readonly revision: string };
  readonly aliases = new Map<string, AliasConfiguration>();
  #published: FunctionVersion[];
  #next = 4;

  constructor(environment: Readonly<Record<string, string>>) {
    const code = { sha256: createHash('sha256').digest('base64'), sizeBytes: 4_096, environment, isHealthy: true };
    this.latest = { number: '$LATEST', ...code, revision: randomUUID() };
    this.#published = [{ number: '3', ...code }];
    this.aliases.set('live', { Name: 'live', FunctionVersion: '3', RevisionId: randomUUID() });
  }

  get published(): readonly FunctionVersion[] {
    return this.#published;
  }

  /** The version that a number or an alias names; `$LATEST` without one. */
  find(qualifier = '$LATEST'): FunctionVersion | undefined {
    const number = this.aliases.get(qualifier)?.FunctionVersion ?? qualifier;
    return number === '$LATEST' ? this.latest : this.#published.find((each) => each.number === number);
  }

  updateCode({ ZipFile, RevisionId }: UpdateFunctionCodeCommandInput): void {
    this.#check(RevisionId, this.latest.revision);
    const zip = Buffer.from(ZipFile ?? []);
    const code = { sha256: createHash('sha256').update(zip).digest('base64'), sizeBytes: zip.length };
    this.latest = { ...this.latest, ...code, isHealthy: isHealthyRelease(fileOfZip(zip, 'health.json')), revision: randomUUID() };
  }

  updateConfiguration({ Environment, RevisionId }: UpdateFunctionConfigurationCommandInput): void {
    this.#check(RevisionId, this.latest.revision);
    this.latest = { ...this.latest, environment: Environment?.Variables ?? this.latest.environment, revision: randomUUID() };
  }

  publish({ Description, CodeSha256, RevisionId }: PublishVersionCommandInput): FunctionVersion {
    this.#check(RevisionId, this.latest.revision);
    if (CodeSha256 !== undefined && CodeSha256 !== this.latest.sha256) {
      throw new ServiceFault('InvalidParameterValueException', 'CodeSHA256 does not match the current code.');
    }
    const { revision: _, ...code } = this.latest;
    const made = { ...code, number: String(this.#next), ...(Description ? { description: Description } : {}) };
    this.#next += 1;
    this.#published.push(made);
    return made;
  }

  putAlias(input: CreateAliasCommandInput | UpdateAliasCommandInput, isNew: boolean): AliasConfiguration {
    const name = input.Name ?? '';
    const before = this.aliases.get(name);
    if (isNew === (before !== undefined)) {
      throw isNew
        ? new ServiceFault('ResourceConflictException', `Alias already exists: ${name}`, 409)
        : new ServiceFault('ResourceNotFoundException', `Cannot find alias: ${name}`, 404);
    }
    if ('RevisionId' in input) this.#check(input.RevisionId, before?.RevisionId);
    const { FunctionVersion = before?.FunctionVersion, Description = before?.Description, RoutingConfig = before?.RoutingConfig } = input;
    if (!this.find(FunctionVersion)) throw new ServiceFault('ResourceNotFoundException', `Function not found: ${FunctionVersion}`, 404);
    const alias = { Name: name, FunctionVersion, Description, RoutingConfig, RevisionId: randomUUID() };
    this.aliases.set(name, alias);
    return alias;
  }

  /** @throws ServiceFault for one that an alias names */
  remove(number: string): void {
    const isNamed = [...this.aliases.values()].some(
      (alias) => alias.FunctionVersion === number || number in (alias.RoutingConfig?.AdditionalVersionWeights ?? {}),
    );
    if (isNamed) throw new ServiceFault('ResourceConflictException', 'Version is pointed to by an alias.', 409);
    this.#published = this.#published.filter((each) => each.number !== number);
  }

  #check(wanted: string | undefined, actual: string | undefined): void {
    if (wanted === undefined || wanted === actual) return;
    throw new ServiceFault('PreconditionFailedException', 'The RevisionId provided does not match the latest one.', 412);
  }
}
