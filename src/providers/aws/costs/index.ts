import type { ResultByTime } from '@aws-sdk/client-cost-explorer';
import { CallError } from '../../../call/errors.ts';
import type { AwsCosts } from '../../../ports/cost-sources.ts';
import type { AccountTarget } from '../../../ports/domain.ts';
import { matchAccounts, type Scope } from '../accounts.ts';
import type { AwsContext } from '../context.ts';
import { answered } from '../errors.ts';
import { anomaliesRequest, anomalyOf } from './anomalies.ts';
import { askOnce, pagesOf } from './ask.ts';
import { explainedForecast } from './errors.ts';
import { forecastOf, forecastRequest } from './forecast.ts';
import { finalityOf, rowsOf, usageRequest } from './usage.ts';

/** Where Cost Explorer is, whatever the regions of the account (AWS General Reference, "AWS Cost Explorer endpoints"). */
const region = 'us-east-1';

export function createAwsCosts({ accounts, sender }: AwsContext): AwsCosts {
  const scopeOf = ({ account }: AccountTarget): Scope => ({ account: matchAccounts(accounts, { account })[0], region });
  return {
    async usage(account, question, call, announce) {
      const scope = scopeOf(account);
      const pages = pagesOf(call, announce, (token, asked) =>
        sender.ask('ce', scope, asked, (sdk) => new sdk.GetCostAndUsageCommand(usageRequest(account, question, token))),
      );
      const results: ResultByTime[] = [];
      for await (const { ResultsByTime } of pages) results.push(...answered(ResultsByTime, 'GetCostAndUsage'));
      return { rows: results.flatMap((result) => rowsOf(result, question)), ...finalityOf(results, question) };
    },
    async forecast(account, period, call, announce) {
      const scope = scopeOf(account);
      try {
        const reply = await askOnce(call, announce, (asked) =>
          sender.ask('ce', scope, asked, (sdk) => new sdk.GetCostForecastCommand(forecastRequest(account, period))),
        );
        return forecastOf(reply, period);
      } catch (error) {
        throw error instanceof CallError ? explainedForecast(error) : error;
      }
    },
    async anomalies(account, period, call, announce) {
      const scope = scopeOf(account);
      const pages = pagesOf(call, announce, (token, asked) =>
        sender.ask('ce', scope, asked, (sdk) => new sdk.GetAnomaliesCommand(anomaliesRequest(period, token))),
      );
      const found = [];
      try {
        for await (const { Anomalies } of pages)
          found.push(...answered(Anomalies, 'GetAnomalies').flatMap((each) => anomalyOf(each, account) ?? []));
      } catch (error) {
        // An account that watches nothing has found nothing.
        if (!(error instanceof CallError) || error.details.provider?.code !== 'UnknownMonitorException') throw error;
      }
      return found.sort((a, b) => b.impact - a.impact).map(({ row }) => row);
    },
  };
}
