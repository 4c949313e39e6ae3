/** The answer's nonce, for libraries that add style elements: `EditorView.cspNonce.of(nonce)`. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
