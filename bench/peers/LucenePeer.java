import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.ar.ArabicAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.store.ByteBuffersDirectory;

/** Answers questions with Lucene's Arabic analyzer and BM25: articles (id, title, text) and questions in, a line of ids for each out. */
public class LucenePeer {
    private static final String FIELD = "words";

    public static void main(String[] arguments) throws Exception {
        Path articles = Path.of(arguments[0]);
        Path questions = Path.of(arguments[1]);
        int depth = Integer.parseInt(arguments[2]);
        Analyzer analyzer = new ArabicAnalyzer();
        var directory = new ByteBuffersDirectory();
        try (var writer = new IndexWriter(directory, new IndexWriterConfig(analyzer))) {
            for (String line : Files.readAllLines(articles)) {
                String[] columns = line.split("\t", -1);
                var document = new Document();
                document.add(new StoredField("id", columns[0]));
                // The title stands twice, for it counts double.
                document.add(new TextField(FIELD, String.join(" \n ", columns[1], columns[1], columns[2]), Field.Store.NO));
                writer.addDocument(document);
            }
        }
        var searcher = new IndexSearcher(DirectoryReader.open(directory));
        for (String question : Files.readAllLines(questions)) {
            List<String> ids = new ArrayList<>();
            for (ScoreDoc hit : searcher.search(anyWord(analyzer, question), depth).scoreDocs) {
                ids.add(searcher.storedFields().document(hit.doc).get("id"));
            }
            System.out.println(String.join(" ", ids));
        }
    }

    private static BooleanQuery anyWord(Analyzer analyzer, String question) throws Exception {
        var query = new BooleanQuery.Builder();
        try (var tokens = analyzer.tokenStream(FIELD, question)) {
            var term = tokens.addAttribute(CharTermAttribute.class);
            tokens.reset();
            while (tokens.incrementToken()) {
                query.add(new TermQuery(new Term(FIELD, term.toString())), BooleanClause.Occur.SHOULD);
            }
            tokens.end();
        }
        return query.build();
    }
}
