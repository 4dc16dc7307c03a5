import { SandboxBucket } from './s3-buckets.ts';

/** A PNG of one pixel. */
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** What a small team has in S3: deployed sites with versions, and a trail's logs. */
export function seedBuckets(region: string, now: () => number): SandboxBucket[] {
  const deployments = new SandboxBucket({
    name: 'ziggie-deployments',
    region,
    tags: { Project: 'Ziggie', Environment: 'production' },
    isVersioned: true,
    now,
  });
  const put = (key: string, text: string, contentType: string) => deployments.put(key, Buffer.from(text), contentType);
  put('web/index.html', '<!doctype html>\n<title>Ziggie</title>\n<h1>Hello from the sandbox</h1>\n', 'text/html; charset=utf-8');
  put('web/assets/app.css', 'body { font-family: system-ui; }\n', 'text/css; charset=utf-8');
  deployments.put('web/assets/logo.png', Buffer.from(pixel, 'base64'), 'image/png');
  put('api/config.json', '{"logLevel":"info","featureFlags":{"newSearch":true}}\n', 'application/json');
  for (const version of ['1.4.0', '1.4.1', '1.5.0']) {
    put(`releases/${version}/manifest.json`, `{"version":"${version}","files":["app.js"]}\n`, 'application/json');
    put(`releases/${version}/app.js`, `export const version = '${version}';\n`, 'text/javascript; charset=utf-8');
  }
  const line = (index: number) => `2026-01-01T00:00:00Z worker-1 job ${String(index).padStart(5, '0')} done in 12 ms — übertragen\n`;
  put('releases/1.5.0/build.log', Array.from({ length: 2_000 }, (_, index) => line(index)).join(''), 'text/plain; charset=utf-8');

  const logs = new SandboxBucket({ name: 'ziggie-audit-logs', region, tags: { Project: 'Ziggie' }, isVersioned: false, now });
  logs.put('AWSLogs/123456789012/CloudTrail/README.txt', Buffer.from('Trail files of the sandbox would be here.\n'), 'text/plain');
  return [deployments, logs];
}
