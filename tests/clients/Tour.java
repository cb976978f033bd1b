import java.io.InputStream;
import java.io.OutputStream;
import java.util.Arrays;
import jcifs.smb.NtlmPasswordAuthentication;
import jcifs.smb.SmbFile;
import jcifs.smb.SmbFileInputStream;
import jcifs.smb.SmbFileOutputStream;

/** Lists shares, makes, writes, reads, lists, renames and deletes; says "done" at the end. */
public class Tour {
    public static void main(String[] args) throws Exception {
        String root = "smb://127.0.0.1:" + args[0] + "/";
        NtlmPasswordAuthentication who = new NtlmPasswordAuthentication("", args[1], args[2]);
        boolean found = false;
        for (SmbFile share : new SmbFile(root, who).listFiles())
            found |= share.getName().equals("files/");
        check(found, "the share is listed");

        String base = root + "files/" + args[3] + "/";
        SmbFile folder = new SmbFile(base + "made/", who);
        folder.mkdir();
        byte[] data = new byte[200001];
        for (int i = 0; i < data.length; i++) data[i] = (byte) (i * 31);
        SmbFile file = new SmbFile(base + "made/caf\u00e9.bin", who);
        try (OutputStream out = new SmbFileOutputStream(file)) {
            out.write(data);
        }
        byte[] came = new byte[data.length];
        try (InputStream in = new SmbFileInputStream(file)) {
            int at = 0, n;
            while (at < came.length && (n = in.read(came, at, came.length - at)) > 0) at += n;
            check(at == data.length, "all of it came");
        }
        check(Arrays.equals(data, came), "the bytes are equal");
        check(new SmbFile(base + "made/caf\u00e9.bin", who).length() == data.length, "the length");
        SmbFile[] list = folder.listFiles();
        check(list.length == 1 && list[0].getName().equals("caf\u00e9.bin"), "the listing");
        SmbFile renamed = new SmbFile(base + "b.bin", who);
        file.renameTo(renamed);
        renamed.setLastModified(1000000000000L);
        check(new SmbFile(base + "b.bin", who).lastModified() == 1000000000000L, "the time");
        check(new SmbFile(root + "files/", who).getDiskFreeSpace() > 0, "free space");
        renamed.delete();
        folder.delete();
        System.out.println("done");
    }

    static void check(boolean right, String what) {
        if (!right) throw new AssertionError(what);
    }
}
