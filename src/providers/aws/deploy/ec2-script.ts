/**
 * What runs on an instance, as root, by POSIX sh. Invariant: nothing reaches a script but through `quote`, which makes data of any text,
 * and every script may be run again after it was cut off anywhere: the link `current` changes in one rename.
 */
import { CallError } from '../../../call/errors.ts';
import type { Ec2TargetSpec } from '../../../ports/deploy.ts';

/** Exit codes of ours, and what a person does about them. */
export const scriptFailures: Readonly<Record<number, { code: string; says: string; remedy: string }>> = {
  61: {
    code: 'NotALink',
    says: 'has something else where the link `current` belongs',
    remedy: 'Move it away on the instance: releases are switched by that link.',
  },
  62: {
    code: 'NoSuchRelease',
    says: 'does not have the release',
    remedy: 'It was launched, or cleaned, after the version was brought to the others: deploy the version again.',
  },
  63: { code: 'NoSpace', says: 'has no room for the release', remedy: 'Free disk space on it, or lower keepReleases, then deploy again.' },
  64: {
    code: 'Damaged',
    says: 'got other bytes than were stored',
    remedy: 'Deploy again; if it stays so, look for a proxy that changes downloads.',
  },
  65: {
    code: 'NoDownload',
    says: 'could not fetch the release from S3',
    remedy: 'It needs curl or wget and a way to S3 (internet access or a gateway endpoint). Then deploy again.',
  },
  66: {
    code: 'RestartFailed',
    says: 'could not restart the service',
    remedy: 'Read the last lines of its journal in the message, correct the application, deploy again.',
  },
  67: {
    code: 'NoSuchService',
    says: 'has no such systemd unit',
    remedy: 'Correct `service` of the application in ziggie.yaml, or install the unit first.',
  },
};

/**
 * One word for the shell, whatever is in it (POSIX Shell Command Language, 2.2.2 Single-Quotes). Two braces are kept apart: Systems
 * Manager would put parameters of its own in their place. @throws CallError for NUL
 */
export function quote(text: string): string {
  if (!text.includes('\0')) return `'${text.replaceAll("'", String.raw`'\''`).replace(/\{(?=\{)/g, "{''")}'`;
  throw new CallError('invalid_input', 'A command cannot hold the character NUL.', {
    remedy: 'Take it out of the command in ziggie.yaml.',
  });
}

type Place = Pick<Ec2TargetSpec, 'folder' | 'service'>;

/** First line of each script: for whoever reads the history, and for the sandbox. */
export type ScriptName = 'deliver' | 'switch' | 'stop' | 'clean';
export const scriptMark = (name: ScriptName) => `# ziggie-cloud: ${name}`;

function head(name: ScriptName, { folder, service }: Place, version: string): string[] {
  return [
    scriptMark(name),
    'set -eu',
    'umask 022',
    `folder=${quote(folder)}`,
    `version=${quote(version)}`,
    `service=${quote(service ?? '')}`,
    'fail() { code=$1; shift; printf "%s\\n" "$*" >&2; exit "$code"; }',
    // A link is one that points to a release of ours.
    'served() { if [ -L "$folder/current" ]; then basename "$(readlink "$folder/current")"; fi; }',
    'if [ -e "$folder/current" ] && [ ! -L "$folder/current" ]; then fail 61 "$folder/current is not a link"; fi',
  ];
}

const unitExists = 'if [ -n "$service" ] && ! systemctl cat "$service" >/dev/null 2>&1; then fail 67 "no unit $service"; fi';

export interface Delivery {
  readonly version: string;
  readonly url: string;
  /** Hex. */
  readonly sha256: string;
  /** Of all files. Room is wanted for twice that: the archive, at worst as large, and what is in it. */
  readonly unpackedBytes: number;
  /** Of the file with the environment; absent: there is none. */
  readonly environmentUrl?: string;
}

/** Fetches, compares, unpacks and puts the release beside the others. What serves is not touched. */
export function deliverScript(place: Place, { version, url, sha256, unpackedBytes, environmentUrl }: Delivery): string {
  return [
    ...head('deliver', place, version),
    unitExists,
    'fetch() {',
    '  if command -v curl >/dev/null 2>&1; then curl -fsS --retry 2 --max-time 540 -o "$2" "$1" || fail 65 "curl ended with $?"',
    '  else wget -q -T 540 -O "$2" "$1" || fail 65 "wget ended with $?"; fi',
    '}',
    'mkdir -p "$folder/releases"',
    'incoming="$folder/releases/.incoming-$version"',
    'rm -rf "$incoming" && mkdir -m 0755 "$incoming"',
    `needed=$(( ${unpackedBytes} / 512 + 1024 ))`,
    'free=$(df -Pk "$folder/releases" | awk \'NR == 2 { print $4 }\')',
    'if [ "$free" -lt "$needed" ]; then rm -rf "$incoming"; fail 63 "$free KiB free, $needed needed"; fi',
    'trap \'rm -rf "$incoming"\' EXIT',
    `fetch ${quote(url)} "$incoming/.archive"`,
    `printf '%s  %s\\n' ${quote(sha256)} "$incoming/.archive" | sha256sum -c - >/dev/null 2>&1 || fail 64 "wrong checksum"`,
    'mkdir "$incoming/release"',
    'tar -xzf "$incoming/.archive" -C "$incoming/release" --no-same-owner || fail 63 "tar ended with $?"',
    ...(environmentUrl === undefined ? [] : [`( umask 077; fetch ${quote(environmentUrl)} "$incoming/release/${environmentName}" )`]),
    'rm -rf "$folder/releases/.old-$version"',
    // The one that serves is deployed again: its files make way in two renames, and a process that runs keeps what it has open.
    'if [ -e "$folder/releases/$version" ]; then mv -T "$folder/releases/$version" "$folder/releases/.old-$version"; fi',
    'mv -T "$incoming/release" "$folder/releases/$version"',
    'rm -rf "$folder/releases/.old-$version"',
    'if [ "$(served)" = "$version" ]; then rm -f "$folder/.active"; fi',
  ].join('\n');
}

/** Switches and restarts; does neither where the version serves already. */
export function activateScript(place: Place, version: string): string {
  return [
    ...head('switch', place, version),
    unitExists,
    '[ -d "$folder/releases/$version" ] || fail 62 "no $folder/releases/$version"',
    'if [ "$(served)" = "$version" ] && [ "$(cat "$folder/.active" 2>/dev/null || true)" = "$version" ]; then exit 0; fi',
    'rm -f "$folder/.active"',
    'ln -sfn "releases/$version" "$folder/.current"',
    'mv -T "$folder/.current" "$folder/current"',
    'if [ -n "$service" ] && ! systemctl restart "$service"; then',
    '  journalctl -u "$service" -n 20 --no-pager -o cat >&2 2>/dev/null || true',
    '  fail 66 "$service did not restart"',
    'fi',
    'printf "%s" "$version" > "$folder/.active"',
  ].join('\n');
}

/** Stops what was the first release, and leaves none. */
export function deactivateScript(place: Place): string {
  return [
    ...head('stop', place, ''),
    'if [ -L "$folder/current" ]; then',
    '  rm -f "$folder/.active"',
    '  if [ -n "$service" ]; then systemctl stop "$service" || true; fi',
    '  rm -f "$folder/current"',
    'fi',
  ].join('\n');
}

/** Removes releases but these, and what broke off; never what serves. */
export function cleanScript(place: Place, keep: readonly string[]): string {
  return [
    ...head('clean', place, ''),
    'serving=$(served)',
    'cd "$folder/releases" 2>/dev/null || exit 0',
    'rm -rf ./.incoming-* ./.old-*',
    'for each in *; do',
    '  [ -d "$each" ] || continue',
    '  if [ "$each" = "$serving" ]; then continue; fi',
    `  case "$each" in ${keep.map((version) => `${quote(version)}) continue ;;`).join(' ')} esac`,
    '  rm -rf "./$each"',
    'done',
  ].join('\n');
}

/** Of the file with the environment, in the folder of the release. */
export const environmentName = '.env';

/** A file that systemd's `EnvironmentFile=` reads, and sh too (systemd.exec(5)). @throws CallError, without the value, for one that is not one line */
export function environmentFile(environment: Readonly<Record<string, string>>): string {
  const lines = Object.entries(environment).map(([name, value]) => {
    if (!/[\p{Cc}--\t]/v.test(value)) return `${name}="${value.replace(/["\\$`]/g, String.raw`\$&`)}"\n`;
    throw new CallError('provider_rejected', `The value of ${name} holds a line break or another control character.`, {
      remedy: 'Keep it in one line (base64, or a member of a JSON secret), then deploy again.',
      provider: { code: 'EnvironmentValueRefused' },
    });
  });
  return lines.join('');
}

export function commandLine(argv: readonly string[]): string {
  return argv.map(quote).join(' ');
}
