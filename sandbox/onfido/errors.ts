/** What Onfido answers when it cannot do as asked. Source: https://documentation.onfido.com/api/latest/#error-object */
export class OnfidoError extends Error {
  readonly status: number;
  readonly type: string;
  /** What is wrong with each field, in sentences. */
  readonly fields: Readonly<Record<string, readonly string[]>> | undefined;

  constructor(status: number, type: string, message: string, fields?: Readonly<Record<string, readonly string[]>>) {
    super(message);
    this.name = 'OnfidoError';
    this.status = status;
    this.type = type;
    this.fields = fields;
  }

  envelope(): { error: { type: string; message: string; fields: Record<string, unknown> } } {
    return { error: { type: this.type, message: this.message, fields: { ...this.fields } } };
  }
}

export function notFound(id: string): OnfidoError {
  return new OnfidoError(404, 'resource_not_found', `Could not find resource with ID ${id}`);
}

export function invalidFields(fields: Readonly<Record<string, readonly string[]>>): OnfidoError {
  return new OnfidoError(422, 'validation_error', 'There was a validation error on this request', fields);
}

export function internalError(): OnfidoError {
  return new OnfidoError(500, 'internal_server_error', 'An internal server error occurred');
}
