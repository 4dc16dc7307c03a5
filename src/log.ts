import type { Redactor } from './call/redact.ts';

/** Warnings and errors for the operator, on stderr as JSON lines; stdout belongs to the protocol. */
export interface Log {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Loads pino on the first line: a healthy start writes none. */
export function createLog(redactor: Redactor): Log {
  let logger: Promise<Log> | undefined;
  const write = (level: 'warn' | 'error') => (fields: object, message: string) => {
    logger ??= import('pino').then(({ default: pino }) =>
      pino({ base: { name: 'ziggie-cloud' } }, pino.destination({ fd: 2, sync: true })),
    );
    void logger.then((to) => to[level](redactor.value(fields), redactor.text(message)));
  };
  return { warn: write('warn'), error: write('error') };
}
