// Reads WARC files as web archives do (JWAT), digests compared. Prints what is wrong, and a line for each file.

import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.InputStream;
import java.util.Arrays;
import org.jwat.common.Diagnosis;
import org.jwat.warc.WarcReader;
import org.jwat.warc.WarcReaderFactory;
import org.jwat.warc.WarcRecord;

public class ReadArchive {
    public static void main(String[] names) throws Exception {
        for (String name : names) {
            try (InputStream file = new BufferedInputStream(new FileInputStream(name))) {
                WarcReader reader = WarcReaderFactory.getReader(file, 65536);
                reader.setBlockDigestEnabled(true);
                reader.setPayloadDigestEnabled(true);
                int records = 0, blocks = 0, payloads = 0;
                WarcRecord record;
                while ((record = reader.getNextRecord()) != null) {
                    record.close();
                    records++;
                    blocks += Boolean.TRUE.equals(record.isValidBlockDigest) ? 1 : 0;
                    payloads += Boolean.TRUE.equals(record.isValidPayloadDigest) ? 1 : 0;
                    for (Diagnosis wrong : record.diagnostics.getErrors()) {
                        System.out.println(wrong.type + " " + wrong.entity + " " + Arrays.toString(wrong.information));
                    }
                }
                System.out.println(reader.isCompliant() + " " + records + " " + blocks + " " + payloads);
            }
        }
    }
}
