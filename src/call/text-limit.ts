/** Characters up to which a text of the arguments is given to policy as it is; longer ones go by size and hash. */
export const longestShortText = 4_096;
