import { describe } from 'vitest';
import { makes } from '../support/clients.ts';
import { describeStdioClient } from './stdio-contract.ts';

describe(makes[0], () => describeStdioClient(makes[0]));
