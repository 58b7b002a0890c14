"""From texts to a sparse matrix, like `sklearn.feature_extraction.text`.

In the order of the data: `_vectorizer` contains the public class, `_analyzer` the
parameters that define tokens. `_documents` reads any container in chunks. `_tokenize`
splits a chunk into words, `_characters` into n-grams of characters. `_corpus` counts
and encodes tokens, `_vocabulary` selects terms, `_columns` assigns their columns,
`_matrix` builds a CSR matrix. `_log_count_ratio` scales its columns by the labels.
"""
