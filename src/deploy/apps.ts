import { CallError } from '../call/errors.ts';
import type { AppSpec, DeployedApp, TargetSpec } from '../ports/deploy.ts';
import type { ApplicationTarget, Provider, Tags } from '../ports/domain.ts';
import type { TargetResolvers } from '../ports/resolve.ts';

const providers = ['aws', 'hostinger'] as const satisfies readonly Provider[];

/** Applications with the tags of the servers that they are deployed to over SSH. */
export function withServerTags(apps: readonly AppSpec[], servers: readonly { readonly name: string; readonly tags: Tags }[]): AppSpec[] {
  return apps.map((app) => {
    const { hostinger } = app.targets;
    const server = servers.find(({ name }) => name === hostinger?.server);
    return hostinger && server ? { ...app, targets: { ...app.targets, hostinger: { ...hostinger, serverTags: server.tags } } } : app;
  });
}

/** An application at each provider that it has a target at. */
export function deployedApps(spec: AppSpec): DeployedApp[] {
  const { targets, ...app } = spec;
  return providers.flatMap((provider) => {
    const target = targets[provider];
    return target ? [{ ...app, provider, target }] : [];
  });
}

/** As policy sees it. Tags of its own come before those of its server. */
export function applicationTarget({ name, team, tags, environment, provider, target }: DeployedApp): ApplicationTarget {
  return {
    type: 'Application',
    id: name,
    tags: target.kind === 'ssh' ? { ...target.serverTags, ...tags } : tags,
    provider,
    account: 'account' in target ? target.account : 'hostinger',
    region: 'region' in target ? target.region : 'global',
    team,
    kind: target.kind,
    place: placeOf(target),
    secretReferences: Object.values(environment).filter((text) => /^secret:\/\/|\{\{resolve:/.test(text)),
  };
}

function placeOf(target: TargetSpec): string {
  switch (target.kind) {
    case 'ssh':
      return target.server;
    case 'static-site':
      return target.bucket;
    case 'lambda':
      return target.function;
    case 'ec2':
      return Object.entries(target.tags)
        .map(([key, value]) => `${key}=${value}`)
        .sort()
        .join(',');
  }
}

/**
 * Finds applications by the name that they have in ziggie.yaml. Without a provider it finds one target for each.
 * @param nearest the candidate that a word may have been meant for
 */
export function applicationResolver(
  apps: () => readonly AppSpec[],
  nearest: (word: string, candidates: readonly string[]) => string | undefined,
): TargetResolvers['Application'] {
  return async ({ app: name, provider }) => {
    const spec = apps().find((each) => each.name === name);
    if (!spec)
      throw unknownApp(
        name,
        apps().map((each) => each.name),
        nearest,
      );
    const all = deployedApps(spec);
    const found = provider ? all.filter((each) => each.provider === provider) : all;
    if (found.length > 0) return { targets: found.map(applicationTarget) };
    throw new CallError('target_unresolved', `${name} is not deployed to ${provider}.`, {
      remedy: `Name the provider that it has in ziggie.yaml: ${all.map((each) => each.provider).join(', ')}.`,
      effect: 'none',
    });
  };
}

function unknownApp(name: string, names: readonly string[], nearest: (word: string, candidates: readonly string[]) => string | undefined) {
  const meant = nearest(name, names);
  const listed = [...new Set([...(meant === undefined ? [] : [meant]), ...names])];
  return new CallError('target_unresolved', `There is no application ${JSON.stringify(name.slice(0, 80))}.`, {
    remedy:
      listed.length > 0 ? `Name one of ziggie.yaml: ${listed.slice(0, 20).join(', ')}.` : 'Ask for it to be added to apps in ziggie.yaml.',
    effect: 'none',
  });
}
