import { createHash } from 'node:crypto';
import type {
  AbortMultipartUploadCommandInput,
  CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommandInput,
  UploadPartCommandInput,
} from '@aws-sdk/client-s3';
import { type Answers, ServiceFault } from './fault.ts';
import { checkSha256, md5, type SandboxBucket, type Upload } from './s3-buckets.ts';
import { checkCondition, type FindBucket, type OnBucket, toBuffer, versionOf } from './s3-requests.ts';

/** Of every part but the last (S3 User Guide, "Amazon S3 multipart upload limits"). */
const smallestPart = 5 * 1024 * 1024;

/** Uploads in parts: nothing is seen of them until they are completed. */
export function createUploads(find: FindBucket): Answers {
  return {
    CreateMultipartUploadCommand(_, input: CreateMultipartUploadCommandInput) {
      const bucket = find(input);
      const UploadId = bucket.newId();
      const { Key = '', ContentType } = input;
      bucket.uploads.set(UploadId, { key: Key, parts: new Map(), ...(ContentType ? { contentType: ContentType } : {}) });
      return { UploadId };
    },
    UploadPartCommand(_, input: UploadPartCommandInput) {
      const { upload } = uploadOf(find, input);
      const content = toBuffer(input.Body);
      checkSha256(content, input.ChecksumSHA256);
      upload.parts.set(input.PartNumber ?? 0, content);
      return { ETag: `"${md5(content)}"`, ...(input.ChecksumSHA256 ? { ChecksumSHA256: input.ChecksumSHA256 } : {}) };
    },
    CompleteMultipartUploadCommand(_, input: CompleteMultipartUploadCommandInput) {
      const { bucket, upload, id } = uploadOf(find, input);
      const parts = partsOf(upload, input);
      checkCondition(bucket, upload.key, input);
      const etags = Buffer.concat(parts.map((part) => Buffer.from(md5(part), 'hex')));
      const etag = `${createHash('md5').update(etags).digest('hex')}-${parts.length}`;
      const version = bucket.put(upload.key, Buffer.concat(parts), upload.contentType, etag);
      bucket.uploads.delete(id);
      return { ETag: `"${etag}"`, ...versionOf(bucket, version) };
    },
    AbortMultipartUploadCommand(_, input: AbortMultipartUploadCommandInput) {
      const { bucket, id } = uploadOf(find, input);
      bucket.uploads.delete(id);
      return {};
    },
  };
}

/** In the order that the completion names, which must be rising. */
function partsOf(upload: Upload, { MultipartUpload }: CompleteMultipartUploadCommandInput): Buffer[] {
  const named = MultipartUpload?.Parts ?? [];
  return named.map(({ PartNumber = 0, ETag }, index) => {
    const part = upload.parts.get(PartNumber);
    if (!part || ETag !== `"${md5(part)}"`) throw new ServiceFault('InvalidPart', 'One or more of the specified parts could not be found.');
    if (PartNumber <= (named[index - 1]?.PartNumber ?? 0)) throw new ServiceFault('InvalidPartOrder', 'The parts were not in order.');
    if (part.length < smallestPart && index < named.length - 1) throw new ServiceFault('EntityTooSmall', 'A part is too small.');
    return part;
  });
}

function uploadOf(
  find: FindBucket,
  input: OnBucket & { readonly Key: string | undefined; readonly UploadId: string | undefined },
): { bucket: SandboxBucket; upload: Upload; id: string } {
  const bucket = find(input);
  const id = input.UploadId ?? '';
  const upload = bucket.uploads.get(id);
  if (!upload || upload.key !== input.Key) throw new ServiceFault('NoSuchUpload', 'The specified upload does not exist.', 404);
  return { bucket, upload, id };
}
