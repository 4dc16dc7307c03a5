import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/**
 * S3's REST protocol, as far as the tests need it: moto knows no redirects, owners, throttling or faults, and keeps no connection
 * waiting. Each test gives the answer of the requests that it is about; the rest of S3 is a bucket with tags, versions and one object.
 */
export interface S3Stub {
  readonly endpoint: string;
  /** Every request, in the order of arrival. */
  readonly requests: StubRequest[];
  /** Answers that come before the ordinary ones; undefined: the ordinary one. */
  answer(how: (request: StubRequest) => StubAnswer | undefined | Promise<StubAnswer | undefined>): void;
  close(): Promise<void>;
}
export interface StubRequest {
  /** `HeadObject`, `UploadPart`… by method and query. */
  readonly operation: string;
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: number;
}
export interface StubAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  /** After the body: the connection is reset, or nothing more comes. */
  readonly afterwards?: 'reset' | 'silence';
}

export const stubObject = Buffer.from('the object of the stub');

export async function startS3Stub(): Promise<S3Stub> {
  const requests: StubRequest[] = [];
  let special: Parameters<S3Stub['answer']>[0] = () => undefined;

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://stub');
    let bytes = 0;
    for await (const part of request) bytes += part.length;
    const asked = { operation: operationOf(request.method ?? '', url, request.headers), url, headers: request.headers, bytes };
    requests.push(asked);
    const { status = 200, headers = {}, body = '', afterwards } = (await special(asked)) ?? ordinary(asked.operation);
    if (afterwards === 'reset' && body === '') return void request.socket.resetAndDestroy();
    response.writeHead(status, { 'x-amz-request-id': `req-${requests.length}`, 'content-type': 'application/xml', ...headers });
    if (afterwards === undefined) return void response.end(request.method === 'HEAD' ? undefined : body);
    response.write(body, () => {
      if (afterwards === 'reset') request.socket.resetAndDestroy();
    });
  };
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    requests,
    answer: (how) => {
      special = how;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What S3 says in an error: a code in the body, but for HEAD. */
export function s3Error(status: number, code: string, headers: Record<string, string> = {}): StubAnswer {
  return {
    status,
    headers,
    body: `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>as S3 says</Message></Error>`,
  };
}

function operationOf(method: string, { pathname, searchParams }: URL, headers: IncomingMessage['headers']): string {
  const hasKey = pathname.split('/').filter(Boolean).length > 1;
  const has = (name: string) => searchParams.has(name);
  if (method === 'HEAD') return hasKey ? 'HeadObject' : 'HeadBucket';
  if (method === 'GET' && !hasKey) {
    if (has('tagging')) return 'GetBucketTagging';
    if (has('versioning')) return 'GetBucketVersioning';
    return pathname === '/' ? 'ListBuckets' : 'ListObjectsV2';
  }
  if (method === 'POST') return has('uploads') ? 'CreateMultipartUpload' : 'CompleteMultipartUpload';
  if (method === 'PUT') return has('partNumber') ? 'UploadPart' : 'PutObject';
  if (method === 'DELETE') return has('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  return headers.range === undefined ? 'GetObject whole' : 'GetObject';
}

const etag = { etag: '"0123456789abcdef0123456789abcdef"' };

function ordinary(operation: string): StubAnswer {
  const xml = (body: string): StubAnswer => ({ body: `<?xml version="1.0" encoding="UTF-8"?>${body}` });
  switch (operation) {
    case 'GetBucketTagging':
      return xml('<Tagging><TagSet><Tag><Key>Project</Key><Value>Ziggie</Value></Tag></TagSet></Tagging>');
    case 'GetBucketVersioning':
      return xml('<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>');
    case 'HeadObject':
      return { headers: { ...etag, 'content-length': String(stubObject.length), 'content-type': 'text/plain' } };
    case 'GetObject':
      return {
        status: 206,
        headers: { ...etag, 'content-type': 'text/plain', 'content-range': `bytes 0-${stubObject.length - 1}/${stubObject.length}` },
        body: stubObject,
      };
    case 'CreateMultipartUpload':
      return xml('<InitiateMultipartUploadResult><UploadId>upload-1</UploadId></InitiateMultipartUploadResult>');
    case 'CompleteMultipartUpload':
      return xml(`<CompleteMultipartUploadResult><ETag>${etag.etag}</ETag></CompleteMultipartUploadResult>`);
    case 'AbortMultipartUpload':
    case 'DeleteObject':
      return { status: 204 };
    default:
      return { headers: etag };
  }
}
