import type { GetEventSelectorsResponse, PutEventSelectorsCommandInput } from '@aws-sdk/client-cloudtrail';

/**
 * Whether reads and writes of the management plane are all recorded. A trail that nobody configured records them.
 * (CloudTrail API reference, EventSelector and AdvancedEventSelector)
 */
export function recordsManagement({ EventSelectors = [], AdvancedEventSelectors = [] }: GetEventSelectorsResponse): boolean {
  if (EventSelectors.length === 0 && AdvancedEventSelectors.length === 0) return true;
  const simple = EventSelectors.some(
    ({ IncludeManagementEvents, ReadWriteType, ExcludeManagementEventSources }) =>
      IncludeManagementEvents !== false && (ReadWriteType ?? 'All') === 'All' && !ExcludeManagementEventSources?.length,
  );
  const advanced = AdvancedEventSelectors.some(
    ({ FieldSelectors = [] }) =>
      FieldSelectors.length === 1 && FieldSelectors[0]?.Field === 'eventCategory' && FieldSelectors[0].Equals?.includes('Management'),
  );
  return simple || advanced;
}

/** The selectors with one more for all management events: an event is recorded when any selector takes it, so that the others stay. */
export function withManagement({
  EventSelectors = [],
  AdvancedEventSelectors = [],
}: GetEventSelectorsResponse): Pick<PutEventSelectorsCommandInput, 'EventSelectors' | 'AdvancedEventSelectors'> {
  if (AdvancedEventSelectors.length === 0) {
    return { EventSelectors: [...EventSelectors, { ReadWriteType: 'All', IncludeManagementEvents: true }] };
  }
  const FieldSelectors = [{ Field: 'eventCategory', Equals: ['Management'] }];
  return { AdvancedEventSelectors: [...AdvancedEventSelectors, { Name: 'All management events', FieldSelectors }] };
}
