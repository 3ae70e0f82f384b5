/** Looks whether a file carries something harmful. */
export interface Scanner {
  /** @throws Error when it cannot say: the file is looked at again later */
  scan(bytes: Buffer): Promise<'clean' | 'infected'>;
}

/** The harmless text that every virus scanner takes for a virus, https://www.eicar.org/download-anti-malware-testfile. */
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR', 'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('-');

/** For development and tests: knows the EICAR test text and nothing else. It is no virus scanner. */
export const testTextScanner: Scanner = {
  scan: async (bytes) => (bytes.includes(EICAR) ? 'infected' : 'clean'),
};
