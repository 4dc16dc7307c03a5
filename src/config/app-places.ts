/**
 * Invariant: no two applications share a place. What a deployment cleans or takes back is what it alone has put there; at a place of
 * two that would be what the other serves.
 */
import type { AppSettings } from './apps.ts';

/** Something that belongs to an application, with all below it. */
interface Place {
  /** What it is a part of: `bucket web`, `server vps-1`. */
  readonly of: string;
  /** Ends in a slash, or is empty for all of it. */
  readonly path: string;
  /** That machines carry to be meant; absent where there is but one. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** Where the archives of `ec2` applications are kept in their bucket. No site has it, whether such an application is there yet or not. */
const releases = 'ziggie-releases/';

/** What is wrong with where applications go, a sentence each. */
export function placeProblems(apps: readonly AppSettings[]): string[] {
  return apps.flatMap((app, index) => {
    const { aws } = app.targets;
    const isReserved = aws?.kind === 'static-site' && aws.prefix.startsWith(releases);
    const shared = apps
      .slice(0, index)
      // A name that stands twice is said elsewhere.
      .filter(({ name }) => name !== app.name)
      .flatMap((other) =>
        sharedBy(other, app).map((where) => `apps ${other.name} and ${app.name} share ${where}: each would clean the other`),
      );
    return [...(isReserved ? [`app ${app.name}: ${releases} is for archives, no prefix of a site`] : []), ...shared];
  });
}

function sharedBy(one: AppSettings, two: AppSettings): string[] {
  const theirs = placesOf(two);
  const shared = placesOf(one).flatMap((place) => theirs.filter((other) => meet(place, other)).map((other) => longer(place, other)));
  return shared.map(({ of, path }) => (path ? `${path} of ${of}` : of));
}

function placesOf({ name, targets: { aws, hostinger } }: AppSettings): Place[] {
  const places: Place[] = hostinger ? [{ of: `server ${hostinger.server}`, path: `${hostinger.folder}/` }] : [];
  if (aws?.kind === 'static-site') places.push({ of: `bucket ${aws.bucket}`, path: aws.prefix });
  if (aws?.kind === 'lambda') places.push({ of: `function ${aws.function} in ${aws.account}/${aws.region}`, path: '' });
  if (aws?.kind === 'ec2') {
    places.push({ of: `bucket ${aws.bucket}`, path: `${releases}${name}/` });
    places.push({ of: `instances in ${aws.account}/${aws.region}`, path: `${aws.folder}/`, tags: aws.tags });
  }
  return places;
}

/** Whether one is the other or lies within it. One machine may carry both tags unless a key has two values. */
function meet(one: Place, two: Place): boolean {
  const tags = two.tags ?? {};
  const differ = Object.entries(one.tags ?? {}).some(([key, value]) => Object.hasOwn(tags, key) && tags[key] !== value);
  return one.of === two.of && !differ && (one.path.startsWith(two.path) || two.path.startsWith(one.path));
}

function longer(one: Place, two: Place): Place {
  return one.path.length > two.path.length ? one : two;
}
