/** The instances that every sandbox starts with. Ids are fixed, so that documentation and tests can name them. */
export interface FleetMember {
  readonly id: string;
  readonly name: string;
  readonly state: 'running' | 'stopped' | 'terminated';
  readonly type: string;
  readonly zone: 'a' | 'b' | 'c';
  readonly environment?: 'production' | 'staging' | 'development';
  readonly team?: 'backend' | 'frontend' | 'platform';
  readonly role?: string;
  /** What is deployed to it. */
  readonly service?: 'backend';
  /** Termination protection, and the tag `Protected=true`. */
  readonly isProtected?: boolean;
}

export const fleet: readonly FleetMember[] = [
  {
    id: 'i-0a1b2c3d4e5f60001',
    name: 'ziggie-web-1',
    state: 'running',
    type: 't3.small',
    zone: 'a',
    environment: 'production',
    team: 'frontend',
    role: 'web',
  },
  {
    id: 'i-0a1b2c3d4e5f60002',
    name: 'ziggie-web-2',
    state: 'running',
    type: 't3.small',
    zone: 'b',
    environment: 'production',
    team: 'frontend',
    role: 'web',
  },
  {
    id: 'i-0a1b2c3d4e5f60003',
    name: 'ziggie-api-1',
    state: 'running',
    type: 't3.medium',
    zone: 'a',
    environment: 'production',
    team: 'backend',
    role: 'api',
    service: 'backend',
  },
  {
    id: 'i-0a1b2c3d4e5f60004',
    name: 'ziggie-api-2',
    state: 'running',
    type: 't3.medium',
    zone: 'b',
    environment: 'production',
    team: 'backend',
    role: 'api',
    service: 'backend',
  },
  {
    id: 'i-0a1b2c3d4e5f60005',
    name: 'ziggie-db-1',
    state: 'running',
    type: 'm6i.large',
    zone: 'a',
    environment: 'production',
    team: 'backend',
    role: 'database',
    isProtected: true,
  },
  {
    id: 'i-0a1b2c3d4e5f60006',
    name: 'ziggie-worker-1',
    state: 'running',
    type: 'c6i.large',
    zone: 'c',
    environment: 'production',
    team: 'backend',
    role: 'worker',
  },
  {
    id: 'i-0a1b2c3d4e5f60007',
    name: 'ziggie-ci-runner',
    state: 'running',
    type: 'c6i.xlarge',
    zone: 'c',
    environment: 'development',
    team: 'platform',
    role: 'ci',
  },
  {
    id: 'i-0a1b2c3d4e5f60008',
    name: 'ziggie-staging-api',
    state: 'stopped',
    type: 't3.small',
    zone: 'a',
    environment: 'staging',
    team: 'backend',
    role: 'api',
  },
  {
    id: 'i-0a1b2c3d4e5f60009',
    name: 'ziggie-staging-web',
    state: 'stopped',
    type: 't3.micro',
    zone: 'b',
    environment: 'staging',
    team: 'frontend',
    role: 'web',
  },
  {
    id: 'i-0a1b2c3d4e5f60010',
    name: 'ziggie-load-test',
    state: 'stopped',
    type: 'c6i.2xlarge',
    zone: 'c',
    environment: 'development',
    team: 'backend',
    role: 'load-test',
  },
  {
    id: 'i-0a1b2c3d4e5f60011',
    name: 'ziggie-old-web',
    state: 'terminated',
    type: 't2.micro',
    zone: 'a',
    environment: 'production',
    team: 'frontend',
    role: 'web',
  },
  { id: 'i-0a1b2c3d4e5f60012', name: '', state: 'running', type: 't3.micro', zone: 'b' },
];

/** The documentation's example account. */
export const sandboxAccountId = '123456789012';
