/** What holds for configuration wherever it comes from. */

export const defaultLimits = { callsPerMinute: 120, callsAtOnce: 16 };

/** Names as AWS's partitions form them. A list would be out of date with the next region. */
const region =
  /^(us|eu|ap|sa|ca|me|af|il|mx|cn)(-gov|-iso[a-z]?)?-(north|south|east|west|central|northeast|northwest|southeast|southwest)-\d{1,2}$/;

export function isRegionName(text: string): boolean {
  return region.test(text);
}
