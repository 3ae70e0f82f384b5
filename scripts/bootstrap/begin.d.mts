/** One line that says what is wrong with the Node that runs and what to do, or undefined when it is good. */
export function complaintAboutNode(range: string, version: string): string | undefined;
