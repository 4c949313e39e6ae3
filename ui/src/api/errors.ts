/** What the server refused, in its own words; `errors` may say which part of the request and which column. */
export interface Detail {
  message: string;
  path?: string;
  column?: number;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly errors: readonly Detail[] = [],
    readonly retryAfterS: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** The route or the thing is not there. */
  get isMissing(): boolean {
    return this.status === 404 || this.status === 405 || this.status === 501;
  }

  /** Asking again in a moment may help. */
  get isPassing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

export async function errorOf(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After"));
  const waits = Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : null;
  const text = await response.text().catch(() => "");
  try {
    const body = JSON.parse(text) as { message?: string; _embedded?: { errors?: Detail[] } };
    const errors = body._embedded?.errors ?? [];
    return new ApiError(
      response.status,
      errors[0]?.message ?? body.message ?? response.statusText,
      errors,
      waits,
    );
  } catch {
    return new ApiError(
      response.status,
      response.statusText || `The server answered ${response.status}`,
      [],
      waits,
    );
  }
}

/** One line for people, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** All that the server refused, a line for each, with the part of the request that it is about. */
export function allMessagesOf(error: unknown): string {
  if (!(error instanceof ApiError) || error.errors.length === 0) return messageOf(error);
  return error.errors.map(({ message, path }) => (path ? `${path}: ${message}` : message)).join("\n");
}
